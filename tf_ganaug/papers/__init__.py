"""The papers, a folder each: its `EXPERIMENTS` say what can be asked for, the default first."""
