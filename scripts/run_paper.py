"""Run a paper's experiments: tables, figures and report."""

from tf_ganaug.commands.paper import paper

if __name__ == "__main__":
    paper()
