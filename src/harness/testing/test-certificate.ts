/**
 * A self-signed certificate for localhost and 127.0.0.1, valid for a hundred years, and its key. For tests only: the
 * key is public, and nobody trusts it.
 */
export const TEST_CERTIFICATE = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUG9WKPwgQO95P9tPuIb86kqqJ1RQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdC1vbmx5MCAXDTI2MTEyMjA1MDM0M1oYDzIxMjYxMDI5
MDUwMzQzWjAUMRIwEAYDVQQDDAl0ZXN0LW9ubHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQMKjql1mT48CXJj2KX7lFbXy1qoyjWtml3nE5ji+V/kSO/viAuDq9V
rpgsjS4mtvYKGcJ86ip4ohokhWCc4BPeo28wbTAdBgNVHQ4EFgQUdv0iAe+Pz48n
kLLbUJhFEPbVM4owHwYDVR0jBBgwFoAUdv0iAe+Pz48nkLLbUJhFEPbVM4owDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAKqAiCCD5lqNyjnoPeAdQ7Ci4thxcWL+1py2Wm6/ex7+AiEA
mhqhlBPhRBsDEJ/lzMGr7VLHa3HoiMIKHlI1qdERyig=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBVITO4sxSnjeh8je
bNt2ze7bhU6RZyQZY6tOEhs9EIahRANCAAQMKjql1mT48CXJj2KX7lFbXy1qoyjW
tml3nE5ji+V/kSO/viAuDq9VrpgsjS4mtvYKGcJ86ip4ohokhWCc4BPe
-----END PRIVATE KEY-----
`,
};
