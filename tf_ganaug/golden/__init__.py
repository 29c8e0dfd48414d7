"""Golden cases: the authors' own networks' numbers against this project's.

A case is NAME.json with NAME.npz; weights and inputs are drawn from their names by a stated rule.
`tf-ganaug golden DIR` runs every case of a folder; `python -m tf_ganaug.golden DIR` is the same.
"""
