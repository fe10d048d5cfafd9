"""Outputs of the methods -> tables, figures and a page: pure functions, no files."""
