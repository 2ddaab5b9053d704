"""Servers on loopback: scripted replies, and providers' protocols from the server's side."""
