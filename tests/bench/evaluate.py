"""How long evaluating a program takes, as the program grows: `python tests/bench/evaluate.py`.

Prints a table with the wall time of whole runs (processes, imports, two evaluations, reading),
the best of three, and exits 1 when 2,500 resources cost more than 2.5 times as much each as 250.
The peer is Pulumi's own way to run a program without an engine, its mocks for unit tests: one
process, one evaluation, and nothing read of it.
"""

# ruff: noqa: T201  it is a script that prints a table

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stackproof.sources.program import evaluate

SIZES = (25, 250, 2500)
LIMIT = 2.5
PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

SIZE = {size}


class Network(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("bench:network:Network", name)
        below = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", opts=below)
        group = aws.ec2.SecurityGroup(name, vpc_id=vpc.id, opts=below)
        bucket = aws.s3.Bucket(name, opts=below)
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=bucket.arn.apply(
                lambda arn: json.dumps({{"Statement": [{{"Resource": arn + "/*"}}]}})
            ),
            opts=below,
        )
        for n in range(20):
            subnet = aws.ec2.Subnet(
                f"{{name}}-{{n}}", vpc_id=vpc.id, cidr_block=f"10.0.{{n}}.0/24", opts=below
            )
            aws.ec2.Instance(
                f"{{name}}-{{n}}",
                subnet_id=subnet.id,
                vpc_security_group_ids=[group.id],
                ami="ami-0123456789abcdef0",
                instance_type="t3.micro",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[vpc, bucket]),
            )


made = 0
while made < SIZE:
    Network(f"n{{made}}")
    made += 45
"""


PEER = """
import asyncio, runpy, pulumi, pulumi.runtime
from pulumi.runtime.stack import run_pulumi_func

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, {{"arn": "arn:" + args.name, **args.inputs}}

    def call(self, args):
        return {{}}

asyncio.set_event_loop(asyncio.new_event_loop())
pulumi.runtime.set_mocks(Mocks(), preview=False)
asyncio.get_event_loop().run_until_complete(
    run_pulumi_func(lambda: runpy.run_path({path!r}))
)
"""


def project(folder: Path, size: int) -> Path:
    """Write a program of about `size` resources."""
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / "__main__.py").write_text(PROGRAM.format(size=size))
    return folder


def measure(size: int) -> tuple[int, float, float]:
    """The number of resources, and the best of three wall times: ours and the peer's, in s."""
    with tempfile.TemporaryDirectory() as name:
        folder = project(Path(name), size)
        peer = PEER.format(path=str(folder / "__main__.py"))
        ours, theirs, count = float("inf"), float("inf"), 0
        for _ in range(3):
            start = time.perf_counter()
            count = len(evaluate(folder, "dev").resources)
            middle = time.perf_counter()
            subprocess.run([sys.executable, "-c", peer], check=True, capture_output=True)
            ours = min(ours, middle - start)
            theirs = min(theirs, time.perf_counter() - middle)
    return count, ours, theirs


def main() -> int:
    print(f"{'resources':>10} {'seconds':>9} {'ms each':>9} {'peer s':>9} {'ratio':>7}")
    each = []
    for size in SIZES:
        count, seconds, peer = measure(size)
        each.append(seconds / count)
        row = f"{count:>10} {seconds:>9.2f} {1000 * seconds / count:>9.2f}"
        print(f"{row} {peer:>9.2f} {seconds / peer:>7.2f}")
    ratio = each[-1] / each[-2]
    print(f"each of the most: {ratio:.2f} times one of the middle (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
