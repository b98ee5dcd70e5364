"""The parts of Cinema.Database on AWS, one module per part of the architecture."""
