"""The ways into a Graph: program, preview, export, the policy pack, and its own JSON."""
