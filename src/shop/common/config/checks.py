"""What the values of settings are held to."""

from environs import validate

PORT = validate.Range(0, 65535)
AT_LEAST_ONE = validate.Range(1, 1_000_000)
WORKERS = validate.Range(1, 64)
PAUSE = validate.Range(0, 60)
RATE = validate.Range(0, 1_000_000)
SECONDS = validate.Range(0.001, 86400)
MONGO = validate.Regexp(
    r"mongodb(\+srv)?://[^/]", error="must begin with mongodb:// or mongodb+srv://, then a host"
)
DATABASE = validate.Regexp(
    r"[A-Za-z0-9_-]{1,63}\Z", error="must have 1 to 63 letters, digits, hyphens or underscores"
)
REDIS = validate.Regexp(
    r"(rediss?://.|\Z)", error="must begin with redis:// or rediss://, or be empty"
)
HTTP = validate.Regexp(
    r"(https?://[^\s,/][^\s,]*(\s*,\s*https?://[^\s,/][^\s,]*)*)?\Z",
    error="must be http:// or https:// addresses, by comma, or be empty",
)
