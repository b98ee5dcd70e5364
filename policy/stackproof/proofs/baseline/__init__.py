"""What should hold of every architecture, whatever it is for: the claims without a contract.

`network` says what the internet reaches, `identity` who may take over the account and who is let
in, `placement` what the loss of a zone ends. Cycles of events are `proofs.recursion`'s. Nothing
here is weaker than under a contract: what is not known leaves a claim unproven.
"""

from stackproof.proofs.baseline import identity, network, placement

__all__ = ["identity", "network", "placement"]
