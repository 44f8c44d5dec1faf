"""Files of items: pictures, made anew from what was sent, and attachments, given out but never shown."""
