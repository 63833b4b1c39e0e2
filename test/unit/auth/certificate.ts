/** A self-signed certificate on an elliptic curve (P-256), good until 2126, for tests that cannot make one. */
export const certificatePem = `-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIULqZrNETv1dpFg87w6PhO3eHyKQEwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTaXNzdWVyIG9mIHRoZSB0ZXN0czAgFw0yNjExMjUxNjI5MDda
GA8yMTI2MTEwMTE2MjkwN1owHjEcMBoGA1UEAwwTaXNzdWVyIG9mIHRoZSB0ZXN0
czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFO+h21hLtDwiGikVqFFGpWQK08w
8JVkEQQOe542TcTgVaDz9ccM2MRT8osIm2K6tNY2ZHWXH+0y5Rw2Fr6E2POjUzBR
MB0GA1UdDgQWBBQne0WfOotAFUKj9Vp0saz98RUowDAfBgNVHSMEGDAWgBQne0Wf
OotAFUKj9Vp0saz98RUowDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA
MEUCIHdjeEJ/4whfW/YHuCmLXpwWgGJcHu2ck+YHP2oKiWYlAiEA81g7KOxpIZP1
6V9lHtzhvB3Z3Pw7+Bj+zmdho+Pnw9w=
-----END CERTIFICATE-----
`;

/** The private key of {@link certificatePem}, which opens nothing anywhere. */
export const certificateKeyPem = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAbRtprIDuwErK4op
Cv6X70/lZFbawHILFNtQb+blfXKhRANCAARTvodtYS7Q8IhopFahRRqVkCtPMPCV
ZBEEDnueNk3E4FWg8/XHDNjEU/KLCJtiurTWNmR1lx/tMuUcNha+hNjz
-----END PRIVATE KEY-----
`;
