"""Pure functions from facts and contract to obligations. No Pulumi, no files, no network."""
