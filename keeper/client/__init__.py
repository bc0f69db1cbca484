"""
The protocol for people and programs: whole tokens, prices in USDC, names.

    client = Client(chain, deployment)
    account = client.account(signer)
    account.deposit("USDC", "1000")
    account.buy("BTC-PERP", "0.05", price="26000")
    client.book("BTC-PERP").depth()
"""

from keeper.client.client import Client as Client
