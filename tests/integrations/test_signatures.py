"""Our signatures are those of the providers' own documents."""

import hashlib

from distro_api.integrations.service import aliyun, tencent


def test_alibaba_s_example_of_a_version_3_signature() -> None:
    """ "V3 request body & signature", section "Fixed parameter example": RunInstances without a body."""
    query = {
        "RegionId": "cn-shanghai",
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
    }
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-version": "2014-05-26",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    }
    made = aliyun.authorization("YourAccessKeyId", "YourAccessKeySecret", "POST", "/", query, headers)
    assert made == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tencent_s_example_of_a_version_3_signature() -> None:
    """ "Signature v3": DescribeInstances; its secrets are printed as asterisks, and it is signed with these."""
    content = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {
        "content-type": "application/json; charset=utf-8",
        "host": "cvm.tencentcloudapi.com",
        "x-tc-action": "DescribeInstances",
    }
    made = tencent.authorization("AKID" + "*" * 32, "*" * 32, "cvm", 1551113065, headers, content)
    assert made == (
        f"TC3-HMAC-SHA256 Credential=AKID{'*' * 32}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_tencent_s_older_example_of_it() -> None:
    """The same page before, with fewer signed headers and a key that is printed."""
    content = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    made = tencent.authorization("id", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", 1551113065, headers, content)
    assert made.endswith("Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")


def test_what_rfc_3986_leaves_alone_and_what_it_does_not() -> None:
    assert aliyun.canonical_query({"b": "v=a b*c~d/e", "a": "中"}) == "a=%E4%B8%AD&b=v%3Da%20b%2Ac~d%2Fe"
