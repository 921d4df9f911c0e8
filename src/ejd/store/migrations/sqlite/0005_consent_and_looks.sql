-- Why a notice is not sent: the family's consent is missing. Such a row is never marked as sent.
ALTER TABLE outbox ADD COLUMN withheld TEXT;
