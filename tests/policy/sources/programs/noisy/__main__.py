"""A program that prints a lot, and whose helper lies beside it."""

import sys

import pulumi_aws as aws
import queue_names

sys.stdout.write("{" * 3_000_000)
sys.stdout.write('\n{"resources": []}\n')
sys.stderr.write("x" * 3_000_000)
aws.sqs.Queue(queue_names.NAME)
