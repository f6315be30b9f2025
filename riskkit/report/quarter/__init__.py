"""The sheets of the quarter workbook, one module a sheet."""
