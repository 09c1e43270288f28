"""Views of the workbench, a file per tab."""
