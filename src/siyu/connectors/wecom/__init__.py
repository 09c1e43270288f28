"""The connector to WeCom (企业微信): callbacks, client, directory, customers, channels."""
