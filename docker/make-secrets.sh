#!/bin/sh
# Makes the secrets of compose.yaml, each once: random, in a folder closed to others, never printed.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets

random() { node -p "require('node:crypto').randomBytes(32).toString('base64url')" 2>/dev/null || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# Readable in the container by its own user; on this machine the folder keeps others out.
keep() {
  [ -s "secrets/$1" ] && return 0
  printf '%s' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
}

keep postgres_password "$(random)"
keep redis_password "$(random)"
keep operator_token "$(random)"
keep database_url "postgres://qiao:$(cat secrets/postgres_password)@postgres:5432/qiao"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
