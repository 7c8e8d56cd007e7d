using System.Net;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Tests.Wire;

public sealed class WireIdTests(Servers servers)
{
    [Theory]
    [InlineData("key_1001", 1001)]
    [InlineData("key_9223372036854775807", long.MaxValue)]
    public void Canonical_id_is_read(string text, long id)
    {
        Assert.True(WireId.TryParse(WireId.Key, text, out var read));
        Assert.Equal(id, read);
        Assert.Equal(text, WireId.Format(WireId.Key, id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("key_")]
    [InlineData("1001")]
    [InlineData("KEY_1001")]
    [InlineData("usr_1001")]
    [InlineData("key_01001")]
    [InlineData("key_0")]
    [InlineData("key_-1")]
    [InlineData("key_+1")]
    [InlineData("key_ 1")]
    [InlineData("key_1 ")]
    [InlineData("key_1.0")]
    [InlineData("key_0x10")]
    [InlineData("key_１")]
    [InlineData("key_9223372036854775808")]
    public void Anything_else_is_not(string? text) => Assert.False(WireId.TryParse(WireId.Key, text, out _));

    [Theory]
    [InlineData("/api/v1/keys/1001")]
    [InlineData("/api/v1/keys/usr_1001")]
    [InlineData("/api/v1/keys/key_1' or '1'='1")]
    [InlineData("/api/v1/keys/key_99999999999999999999")]
    [InlineData("/api/v1/channels/chn_0")]
    [InlineData("/api/v1/users/usr_%2e%2e")]
    [InlineData("/api/v1/requests/req_xyz")]
    [InlineData("/api/v1/requests/req_00000000000000000000000000000000")]
    public async Task Id_that_cannot_be_is_not_found(string path)
    {
        (await servers.Shared.Admin.GetAsync(path)).ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }
}
