"""What a Graph means on AWS, as typed facts. The only code that knows Pulumi AWS property names."""
