"""Enrolment: checks that the pictures show one person, and that this person is not enrolled already."""
