using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>Checks a signature as AWS does it, from the bytes that arrived and the secret alone.</summary>
internal static partial class AwsCheck
{
    public const string KeyId = "AKIDEXAMPLE";
    public const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    public static void AssertSigned(ScriptedUpstreamRequest request, string region, string service)
    {
        var match = Pattern().Match(request.Header("authorization") ?? "");
        Assert.True(match.Success, request.Header("authorization"));
        var date = request.Header("x-amz-date")!;
        Assert.Equal(KeyId, match.Groups["key"].Value);
        Assert.Equal($"{date[..8]}/{region}/{service}/aws4_request", match.Groups["scope"].Value);
        Assert.Equal(Hash(request.Body), request.Header("x-amz-content-sha256"));
        var names = match.Groups["names"].Value.Split(';');
        Assert.Contains("host", names);
        Assert.Contains("x-amz-date", names);
        Assert.Contains("content-type", names);
        var path = string.Join('/', request.Target.Split('?')[0].Split('/').Select(Uri.EscapeDataString));
        var canonical = $"{request.Method}\n{path}\n\n"
            + string.Concat(names.Select(name => $"{name}:{request.Header(name)}\n"))
            + $"\n{string.Join(';', names)}\n{Hash(request.Body)}";
        var text = $"AWS4-HMAC-SHA256\n{date}\n{match.Groups["scope"].Value}\n{Hash(Encoding.UTF8.GetBytes(canonical))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + Secret);
        foreach (var part in (string[])[date[..8], region, service, "aws4_request", text])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        Assert.Equal(Convert.ToHexStringLower(key), match.Groups["signature"].Value);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    [GeneratedRegex("^AWS4-HMAC-SHA256 Credential=(?<key>[^/]+)/(?<scope>[^,]+), SignedHeaders=(?<names>[^,]+), Signature=(?<signature>[0-9a-f]{64})$")]
    private static partial Regex Pattern();
}
