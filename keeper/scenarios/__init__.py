"""What accounts, traders and attackers live through, played on the contracts."""
