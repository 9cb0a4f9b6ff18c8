"""Spreadsheets: tables that people fill in and take away (.xlsx, .csv), read and written in one way for every room."""
