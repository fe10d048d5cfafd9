"""What the methods left -> tables, figures and a page: pure functions, no files."""
