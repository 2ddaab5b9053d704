"""Which plugin may be used under a name: the user's rules, lock files, and what decides between claims."""
