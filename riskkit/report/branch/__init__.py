"""The sheets of the branch workbook, one module a sheet."""
