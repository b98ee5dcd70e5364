"""Proves that a Pulumi architecture on AWS does what its contract says, and nothing else."""

__version__ = "0.1.0"
