"""The path of one participant: one folder a stage, none of which knows another."""
