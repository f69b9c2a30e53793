"""Questionnaires as data, and what their answers come to. Screening, never diagnosis."""
