"""The label column: its codes and names, lists, votes of several raters, and columns that mirror it."""
