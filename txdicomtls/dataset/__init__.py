"""Data sets: walked as they pass, small ones to pydicom and back, matched (PS3.5, PS3.4 C.2)."""
