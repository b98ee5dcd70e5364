"""What a person runs now and then: replace a member, restore, rehearse a restore, rotate a secret.

They need credentials of the account and no way into the network: what they must know of the
members they read in the members' log.
"""
