using System.Security.Cryptography;

namespace TokenHub.Chaos.Rigs;

/// <summary>Secrets planted where they belong, to be looked for where they do not.</summary>
internal static class Canaries
{
    public const string UpstreamKey = "sk-upstream-canary-5f1d0c7b9a";
    public const string PlaneToken = "canary-plane-token-8c2e6f";
    public const string AdminPassword = "canary admin's password 7";
    public const string DatabasePassword = "canary-database";
    public const string Prompt = "canaryprompt go";
    public const string SessionSecret = "canary-session-secret-with-room-1234567890";

    public static string MasterKey { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static IReadOnlyList<string> Fixed { get; } =
        [UpstreamKey, PlaneToken, AdminPassword, DatabasePassword, "canaryprompt", SessionSecret, MasterKey];
}
