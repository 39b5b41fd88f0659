"""Tokens that count once: which were used, in whichever process."""

from sqlalchemy import delete

from service.store.card_tables import used_tokens
from service.store.database import Tx
from service.store.upserts import add_unless_there


def use_token(tx: Tx, clinic: str, token_hash: str, expires_at: str, now: str) -> bool:
    """Keep that a token was used; False where it was before. Those that expired are forgotten."""
    tx.execute(delete(used_tokens).where(used_tokens.c.clinic == clinic, used_tokens.c.expires_at < now))
    row = {"clinic": clinic, "hash": token_hash, "expires_at": expires_at}
    return add_unless_there(tx, used_tokens, row) is not None
