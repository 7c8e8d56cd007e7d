using Microsoft.AspNetCore.Http;
using TokenHub.Core.Keys;
using TokenHub.Gateway.Auth;
using Xunit;

namespace TokenHub.Gateway.Tests.Auth;

public sealed class KeyTextTests
{
    private static readonly string Key = HubKey.Create();

    [Theory]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Authorization", "bearer  {0} ")]
    [InlineData("Authorization", "{0}")]
    [InlineData("x-api-key", "{0}")]
    [InlineData("x-goog-api-key", "{0}")]
    [InlineData("api-key", "{0}")]
    public void Key_is_found_in_every_header_that_clients_use(string name, string format)
    {
        var headers = new HeaderDictionary { [name] = string.Format(null, format, Key) };

        Assert.Equal(KeyTextFault.None, KeyText.TryFind(headers, "", out var hash));
        Assert.Equal(HubKeyHash.Of(Key), hash);
    }

    [Theory]
    [InlineData("?key={0}")]
    [InlineData("?alt=sse&key={0}")]
    [InlineData("?key={0}&alt=sse")]
    [InlineData("key={0}")]
    public void Key_is_found_in_the_query(string format)
    {
        var query = string.Format(null, format, Key);

        Assert.Equal(KeyTextFault.None, KeyText.TryFind(new HeaderDictionary(), query, out var hash));
        Assert.Equal(HubKeyHash.Of(Key), hash);
    }

    [Fact]
    public void First_well_formed_key_counts_when_a_client_sends_two()
    {
        var headers = new HeaderDictionary { ["Authorization"] = "Bearer ya29.not-ours", ["x-goog-api-key"] = Key };

        Assert.Equal(KeyTextFault.None, KeyText.TryFind(headers, "", out var hash));
        Assert.Equal(HubKeyHash.Of(Key), hash);
    }

    [Theory]
    [InlineData("sk-hub-")]
    [InlineData("sk-ant-0123456789")]
    [InlineData("sk-hub-00000000000000000000000000000000000000000000000000")]
    [InlineData("ｓk-hub-0000000000000000000000000000000000000000000000000")]
    public void What_has_no_shape_of_a_key_is_malformed(string text)
    {
        var headers = new HeaderDictionary { ["Authorization"] = "Bearer " + text };

        Assert.Equal(KeyTextFault.Malformed, KeyText.TryFind(headers, "", out _));
    }

    [Fact]
    public void One_changed_character_is_malformed()
    {
        var changed = Key[..^1] + (Key[^1] == 'a' ? 'b' : 'a');
        var headers = new HeaderDictionary { ["x-api-key"] = changed };

        Assert.Equal(KeyTextFault.Malformed, KeyText.TryFind(headers, "", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?key=")]
    [InlineData("?monkey=1")]
    public void No_key_is_missing(string query)
    {
        Assert.Equal(KeyTextFault.Missing, KeyText.TryFind(new HeaderDictionary(), query, out _));
    }
}
