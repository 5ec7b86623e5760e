"""Tests of whether code fits histories."""
