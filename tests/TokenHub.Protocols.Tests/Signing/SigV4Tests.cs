using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Signing;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Signing;

public sealed class SigV4Tests
{
    private static readonly SigV4Identity Identity =
        new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null, "us-east-1", "bedrock");

    private static readonly DateTimeOffset Now = new(2026, 11, 1, 12, 30, 45, TimeSpan.Zero);

    [Fact]
    public void Known_answer_comes_out_as_it_is_published()
    {
        Assert.SkipWhen(Repository.WireFolder is null, WireCase.Absent);
        var file = File.ReadAllBytes(Path.Combine(Repository.WireFolder!, "bedrock", "sigv4-vector.json"));
        using var document = JsonDocument.Parse(file);
        var (request, keys) = (document.RootElement.GetProperty("request"), document.RootElement.GetProperty("credentials"));
        var expected = document.RootElement.GetProperty("expected");
        var body = Encoding.UTF8.GetBytes(request.GetProperty("body").GetString()!);
        var identity = new SigV4Identity(
            keys.GetProperty("accessKeyId").GetString()!, keys.GetProperty("secretAccessKey").GetString()!,
            keys.GetProperty("sessionToken").GetString(), document.RootElement.GetProperty("region").GetString()!,
            document.RootElement.GetProperty("service").GetString()!);
        var date = DateTimeOffset.Parse(
            document.RootElement.GetProperty("signingDate").GetString()!, CultureInfo.InvariantCulture);

        var headers = SigV4.Sign(identity, "POST", new Uri(request.GetProperty("url").GetString()!), body, date)
            .ToDictionary(StringComparer.Ordinal);

        Assert.Equal(expected.GetProperty("date").GetString(), headers["x-amz-date"]);
        Assert.Equal(expected.GetProperty("payloadHash").GetString(), headers["x-amz-content-sha256"]);
        Assert.Equal(expected.GetProperty("authorization").GetString(), headers["authorization"]);
        Assert.Equal("fixture-session-token", headers["x-amz-security-token"]);
    }

    [Theory]
    [InlineData("https://h/model/anthropic.claude-v1%3A0/invoke", "/model/anthropic.claude-v1%253A0/invoke")]
    [InlineData("https://h/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse",
        "/model/arn%253Aaws%253Abedrock%253Aeu-west-1%253A1%253Ainference-profile%252Fx/converse")]
    [InlineData("https://h/model/a.b_c-d~e/invoke", "/model/a.b_c-d~e/invoke")]
    [InlineData("https://h", "/")]
    public void Path_that_is_escaped_once_on_the_wire_is_escaped_twice_in_the_signature(string address, string expected)
    {
        Assert.Equal(expected, SigV4.CanonicalPath(new Uri(address).AbsolutePath));
    }

    [Fact]
    public void Canonical_request_of_a_listing_has_no_content_type_and_its_query_in_order()
    {
        var headers = SigV4.Sign(
            Identity, "GET", new Uri("https://h:8443/inference-profiles?typeEquals=SYSTEM_DEFINED&maxResults=1000"), [], Now);

        var authorization = headers.Single(h => h.Key == "authorization").Value;
        Assert.Contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,", authorization, StringComparison.Ordinal);
        Assert.DoesNotContain(headers, h => h.Key == "x-amz-security-token");
        Assert.EndsWith(
            "Signature=" + Independent("GET", "/inference-profiles", "maxResults=1000&typeEquals=SYSTEM_DEFINED",
                [("host", "h:8443"), ("x-amz-content-sha256", Sha("")), ("x-amz-date", "20261101T123045Z")], ""),
            authorization, StringComparison.Ordinal);
    }

    [Fact]
    public void Signature_covers_body_path_and_time()
    {
        string Of(string path, string body, DateTimeOffset at) => SigV4.Sign(
            Identity, "POST", new Uri("https://h" + path), Encoding.UTF8.GetBytes(body), at).Single(h => h.Key == "authorization").Value;

        var one = Of("/model/a%3A0/invoke", "{}", Now);
        Assert.EndsWith(
            "Signature=" + Independent("POST", "/model/a%253A0/invoke", "",
                [("content-type", "application/json"), ("host", "h"), ("x-amz-content-sha256", Sha("{}")), ("x-amz-date", "20261101T123045Z")], "{}"),
            one, StringComparison.Ordinal);
        Assert.NotEqual(one, Of("/model/a%3A1/invoke", "{}", Now));
        Assert.NotEqual(one, Of("/model/a%3A0/invoke", "{ }", Now));
        Assert.NotEqual(one, Of("/model/a%3A0/invoke", "{}", Now.AddSeconds(1)));
    }

    [Fact]
    public void Identity_does_not_print_its_secret() =>
        Assert.DoesNotContain("wJalr", Identity.ToString(), StringComparison.Ordinal);

    // Written down a second time, from the published description alone.
    private static string Independent(
        string method, string path, string query, (string Name, string Value)[] headers, string body)
    {
        var canonical = $"{method}\n{path}\n{query}\n" + string.Concat(headers.Select(h => $"{h.Name}:{h.Value}\n"))
            + $"\n{string.Join(';', headers.Select(h => h.Name))}\n{Sha(body)}";
        var text = $"AWS4-HMAC-SHA256\n20261101T123045Z\n20261101/us-east-1/bedrock/aws4_request\n{Sha(canonical)}";
        var key = Mac(Mac(Mac(Mac(Encoding.UTF8.GetBytes("AWS4" + Identity.SecretAccessKey), "20261101"), "us-east-1"), "bedrock"), "aws4_request");
        return Convert.ToHexStringLower(Mac(key, text));
    }

    private static byte[] Mac(byte[] key, string text) =>
        System.Security.Cryptography.HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Sha(string text) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
