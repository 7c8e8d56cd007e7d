using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Tests.Signing;

public sealed class TokenExchangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("\n")]
    [InlineData("\\n")]
    public void Service_account_signs_a_claim_that_its_public_key_confirms(string lineEnd)
    {
        using var key = RSA.Create(2048);
        var pem = key.ExportPkcs8PrivateKeyPem().Replace("\n", lineEnd, StringComparison.Ordinal);
        var secret = Secret("google_service_account", ("client_email", "a@p.iam"), ("private_key", pem), ("private_key_id", "kid-1"));

        var request = TokenExchange.Request(secret, Now, allowsOtherIssuers: false);

        Assert.Equal("https://oauth2.googleapis.com/token", request.Address.AbsoluteUri);
        var form = Fields(request);
        Assert.Equal("urn:ietf:params:oauth:grant-type:jwt-bearer", form["grant_type"]);
        var parts = form["assertion"].Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        Assert.Equal(("RS256", "kid-1"), (header.RootElement.GetProperty("alg").GetString(), header.RootElement.GetProperty("kid").GetString()));
        Assert.Equal("a@p.iam", claims.RootElement.GetProperty("iss").GetString());
        Assert.Equal("https://oauth2.googleapis.com/token", claims.RootElement.GetProperty("aud").GetString());
        Assert.Equal("https://www.googleapis.com/auth/cloud-platform", claims.RootElement.GetProperty("scope").GetString());
        Assert.Equal(Now.ToUnixTimeSeconds(), claims.RootElement.GetProperty("iat").GetInt64());
        Assert.Equal(Now.ToUnixTimeSeconds() + 3600, claims.RootElement.GetProperty("exp").GetInt64());
        Assert.True(key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]),
            HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Theory]
    [InlineData("google_service_account", "token_uri", "https://oauth2.googleapis.com/token", true)]
    [InlineData("google_service_account", "token_uri", "https://evil.example/token", false)]
    [InlineData("google_service_account", "token_uri", "http://oauth2.googleapis.com/token", false)]
    [InlineData("google_service_account", "token_uri", "https://oauth2.googleapis.com:8443/token", false)]
    [InlineData("google_service_account", "token_uri", "https://oauth2.googleapis.com.evil.example/", false)]
    [InlineData("google_service_account", "token_uri", "https://oauth2.googleapis.com@evil.example/", false)]
    [InlineData("google_service_account", "token_uri", "https://x@oauth2.googleapis.com/token", false)]
    [InlineData("google_service_account", "token_uri", "not a url", false)]
    [InlineData("entra", "token_url", "https://login.microsoftonline.us/t/oauth2/v2.0/token", true)]
    [InlineData("entra", "token_url", "https://evil.example/t/oauth2/v2.0/token", false)]
    public void Issuer_is_asked_at_its_own_host_alone(string type, string field, string url, bool isAllowed)
    {
        using var key = RSA.Create(2048);
        var secret = Secret(
            type, ("client_email", "a"), ("private_key", key.ExportPkcs8PrivateKeyPem()), ("tenant_id", "t"),
            ("client_id", "c"), ("client_secret", "s"), (field, url));

        if (isAllowed)
        {
            Assert.Equal(url, TokenExchange.Request(secret, Now, false).Address.AbsoluteUri);
        }
        else
        {
            Assert.Throws<TokenException>(() => TokenExchange.Request(secret, Now, false));
        }
    }

    [Fact]
    public void Entra_client_asks_its_tenant_for_the_service()
    {
        var secret = Secret("entra", ("tenant_id", "ten-1"), ("client_id", "cl"), ("client_secret", "s+e&c=r"));

        var request = TokenExchange.Request(secret, Now, false);

        Assert.Equal("https://login.microsoftonline.com/ten-1/oauth2/v2.0/token", request.Address.AbsoluteUri);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials", ["client_id"] = "cl", ["client_secret"] = "s+e&c=r",
                ["scope"] = "https://cognitiveservices.azure.com/.default",
            },
            Fields(request));
    }

    [Fact]
    public void Refresh_token_is_sent_with_what_belongs_to_it_and_no_empty_field()
    {
        var secret = Secret("oauth_refresh", ("token_url", "https://i.example/t"), ("client_id", "c"), ("refresh_token", "r-1"));

        var request = TokenExchange.Request(secret.WithRefreshToken("r-2"), Now, false);

        Assert.Equal(
            new Dictionary<string, string> { ["grant_type"] = "refresh_token", ["refresh_token"] = "r-2", ["client_id"] = "c" },
            Fields(request));
        Assert.DoesNotContain("r-2", request.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"access_token":"t","expires_in":3599}""", 3599, null)]
    [InlineData("""{"access_token":"t","expires_in":"120","refresh_token":"n"}""", 120, "n")]
    [InlineData("""{"access_token":"t"}""", 3600, null)]
    [InlineData("""{"access_token":"t","expires_in":-5,"refresh_token":""}""", 0, null)]
    public void Token_is_read_with_its_lifetime(string body, int seconds, string? refresh)
    {
        var token = TokenExchange.Read(200, Encoding.UTF8.GetBytes(body));

        Assert.Equal(("t", TimeSpan.FromSeconds(seconds), refresh), (token.Text, token.Lifetime, token.RefreshToken));
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"Bad r-secret"}""", "The issuer refused with 400, invalid_grant.")]
    [InlineData(401, """{"error":"r-secret was wrong"}""", "The issuer refused with 401.")]
    [InlineData(200, """{"token":"t"}""", "The issuer answered 200 and no token.")]
    [InlineData(200, """{"access_token":7}""", "The issuer answered 200 and no token.")]
    [InlineData(200, "{\"access_token\":\"a\\nb\"}", "The issuer's answer holds no usable token.")]
    [InlineData(502, "<html>", "The issuer answered 502 and no token.")]
    [InlineData(200, "[]", "The issuer answered 200 and no token.")]
    public void Refusal_says_why_and_repeats_no_secret(int status, string body, string message)
    {
        var error = Assert.Throws<TokenException>(() => TokenExchange.Read(status, Encoding.UTF8.GetBytes(body)));

        Assert.Equal(message, error.Message);
    }

    private static ChannelSecret Secret(string type, params (string Name, string Value)[] fields)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return ChannelSecret.Read(type, stream.ToArray());
    }

    private static Dictionary<string, string> Fields(TokenRequest request) => Encoding.ASCII.GetString(request.Form)
        .Split('&').Select(pair => pair.Split('='))
        .ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]), StringComparer.Ordinal);
}
