using System.Collections.Frozen;
using TokenHub.Core.Snapshots;
using static TokenHub.ControlPlane.Access.Reach;

namespace TokenHub.ControlPlane.Access;

/// <summary>
/// The one place that says who may call what. A route without a row answers 403 to everybody, and a test fails for it.
/// The console's files are no routes: they are the same for everybody and hold nothing of anybody.
/// </summary>
internal static class AccessTable
{
    private const string Api = "/api/v1";

    public static IReadOnlyList<AccessRow> Rows { get; } =
    [
        Open("GET", "/healthz"),
        Open("GET", "/readyz"),
        Open("GET", Api + "/openapi.json"),
        Open("POST", Api + "/auth/login"),

        Of("POST", "/auth/logout", admin: Own, member: Own, auditor: Own),
        Of("GET", "/me", admin: Own, member: Own, auditor: Own),
        Of("POST", "/me/password", admin: Own, member: Own, auditor: Own),

        Of("POST", "/users", admin: All, member: None, auditor: None),
        Of("GET", "/users", admin: All, member: None, auditor: All),
        Of("GET", "/users/{id}", admin: All, member: None, auditor: All),
        Of("PATCH", "/users/{id}", admin: All, member: None, auditor: None),
        Of("POST", "/users/{id}/credits", admin: All, member: None, auditor: None),
        Of("GET", "/users/{id}/wallet", admin: All, member: None, auditor: All),
        Of("GET", "/wallet", admin: Own, member: Own, auditor: Own),

        Of("POST", "/keys", admin: All, member: Own, auditor: None),
        Of("GET", "/keys", admin: All, member: Own, auditor: All),
        Of("GET", "/keys/{id}", admin: All, member: Own, auditor: All),
        Of("PATCH", "/keys/{id}", admin: All, member: Own, auditor: None),
        Of("DELETE", "/keys/{id}", admin: All, member: Own, auditor: None),
        Of("POST", "/keys/{id}/rotate", admin: All, member: Own, auditor: None),

        Of("POST", "/channels", admin: All, member: Own, auditor: None),
        Of("GET", "/channels", admin: All, member: Own, auditor: All),
        Of("GET", "/channels/{id}", admin: All, member: Own, auditor: All),
        Of("PATCH", "/channels/{id}", admin: All, member: Own, auditor: None),
        Of("DELETE", "/channels/{id}", admin: All, member: Own, auditor: None),
        Of("GET", "/channels/{id}/health", admin: All, member: Own, auditor: All),
        Of("GET", "/health/channels", admin: All, member: Own, auditor: All),
        Of("POST", "/channels/{id}/test", admin: All, member: Own, auditor: None),
        Of("POST", "/channels/{id}/upstream-models", admin: All, member: Own, auditor: None),
        Of("GET", "/channels/{id}/quota", admin: All, member: Own, auditor: All),

        Of("POST", "/channels/{id}/affinity/flush", admin: All, member: Own, auditor: None),

        Of("POST", "/affinity-rules", admin: All, member: None, auditor: None),
        Of("GET", "/affinity-rules", admin: All, member: None, auditor: All),
        Of("PATCH", "/affinity-rules/{id}", admin: All, member: None, auditor: None),
        Of("DELETE", "/affinity-rules/{id}", admin: All, member: None, auditor: None),
        Of("POST", "/affinity-rules/{id}/flush", admin: All, member: None, auditor: None),

        Of("POST", "/groups", admin: All, member: None, auditor: None),
        Of("GET", "/groups", admin: All, member: Own, auditor: All),
        Of("GET", "/groups/{name}", admin: All, member: Own, auditor: All),
        Of("PATCH", "/groups/{name}", admin: All, member: None, auditor: None),
        Of("DELETE", "/groups/{name}", admin: All, member: None, auditor: None),

        // A question, though its terms need a body: nothing is changed by it.
        Of("POST", "/routing/explain", admin: All, member: Own, auditor: All),

        Of("PUT", "/prices", admin: All, member: None, auditor: None),
        Of("PUT", "/prices/of-list", admin: All, member: None, auditor: None),
        Of("GET", "/prices", admin: All, member: Own, auditor: All),
        Of("DELETE", "/prices/{id}", admin: All, member: None, auditor: None),
        Of("GET", "/prices/resolve", admin: All, member: Own, auditor: All),

        Of("GET", "/settings", admin: All, member: None, auditor: All),
        Of("GET", "/settings/routing", admin: All, member: None, auditor: All),
        Of("PUT", "/settings/routing", admin: All, member: None, auditor: None),
        Of("PATCH", "/settings", admin: All, member: None, auditor: None),

        Of("GET", "/ledger", admin: All, member: Own, auditor: All),
        Of("GET", "/ledger/verify", admin: All, member: None, auditor: All),
        Of("GET", "/requests", admin: All, member: Own, auditor: All),
        Of("GET", "/requests/{id}", admin: All, member: Own, auditor: All),
        Of("POST", "/requests/{id}/corrections", admin: All, member: None, auditor: None),

        Of("GET", "/status", admin: All, member: None, auditor: All),
        Of("GET", "/events", admin: All, member: Own, auditor: All),

        Plane("GET", Metrics.MetricsEndpoints.Path),
        Plane("POST", PlaneMessages.RegisterPath),
        Plane("POST", PlaneMessages.BeatPath),
        Plane("POST", PlaneMessages.UsagePath),
        Plane("POST", PlaneMessages.HydratePath),
        Plane("POST", PlaneMessages.RecountPath),
        Plane("POST", PlaneMessages.CredentialPath),
        Plane("GET", PlaneMessages.SnapshotPath),
        Plane("GET", PlaneMessages.KeysPath + "/{hash}"),
    ];

    private static readonly FrozenDictionary<string, AccessRow> ByRoute =
        Rows.ToFrozenDictionary(row => row.Route, StringComparer.Ordinal);

    /// <summary>Null for a route that has no row: nobody may call it.</summary>
    public static AccessRow? Find(RouteEndpoint endpoint) =>
        ByRoute.GetValueOrDefault($"{MethodOf(endpoint)} {endpoint.RoutePattern.RawText}");

    /// <summary>
    /// Each of our routes has one method; a route with several or none would not be found in the table.
    /// </summary>
    public static string MethodOf(RouteEndpoint endpoint) =>
        string.Join(',', endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []);

    private static AccessRow Open(string method, string pattern) => new(method, pattern, Door.Open, None, None, None);

    private static AccessRow Plane(string method, string pattern) =>
        new(method, pattern, Door.Plane, None, None, None);

    private static AccessRow Of(string method, string path, Reach admin, Reach member, Reach auditor) =>
        new(method, Api + path, Door.Session, admin, member, auditor);
}
