"""The states of a measured value and the classes of evidence."""

MEASURED = "measured"
CARRIED = "carried_over"
NOT_APPLICABLE = "not_applicable"
POSTPONED = "postponed"
NOT_ASSESSED = "not_assessed"
REFUSED_STATE = "refused"
STATES = (MEASURED, CARRIED, NOT_APPLICABLE, POSTPONED, NOT_ASSESSED, REFUSED_STATE)
COUNTED = (MEASURED, CARRIED)
CLASSES = ("A", "B", "C", "D")
"""Classes of evidence, best first."""
