"""The demo account of the emulated clouds, as its contract describes it: the ids and keys tests rely on."""

PROJECT = "0123456789abcdef0123456789abcdef"
IOTDA_INSTANCE = "demo-iotda-instance"
ROMA_INSTANCE = "demo-roma-instance"
ORG = "o15000000000001"

KEYS = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "DemoSK00000000000000000000000000000Exmpl"}
READER_KEYS = {
    "access_key": "DEMOREADAK0000000000",
    "secret_key": "DemoReadSK000000000000000000000000000Exmpl",
}
APP = {
    "app_key": "11111111-2222-4333-8444-555555555555",
    "app_secret": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
}

# Objects that it holds from the first day.
SECOND_SPACE = "secondSpace0000000000000000"
GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
ROMA_GROUP = "10001"
PRODUCT = "prodKey1"
IOTDA_PRODUCT = "5ba24f5ebbe8f56f5a14f605"
IOTDA_DEVICE = f"{IOTDA_PRODUCT}_node-1"
