"""The message contract as others read it: schemas, topics, examples and what may change, all made from the structs.

`docs/make_messages.py` writes `docs/messages` from here; tests hold it against the structs and the last release.
"""
