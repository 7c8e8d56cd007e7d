using TokenHub.ControlPlane.Access;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>The session that came with a request.</summary>
internal sealed record LiveSession(long UserId, string Email, Role Role, byte[] Hash, bool FromCookie);

/// <summary>
/// Finds the session of a request: the bearer token if there is an Authorization header, else the cookie.
/// </summary>
internal sealed class SessionReader(SessionQueries queries, SessionTokens tokens, TimeProvider time)
{
    private const string Scheme = "Bearer ";

    public async Task<LiveSession?> ReadAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization;
        string? token;
        if (authorization.Count > 0)
        {
            // A header that is there decides alone: a bad one does not fall back to the cookie.
            var header = authorization.Count == 1 ? authorization[0] ?? "" : "";
            var isBearer = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
            token = isBearer ? header[Scheme.Length..].Trim() : null;
        }
        else
        {
            token = SessionCookie.Read(context.Request);
        }

        if (token is null || !tokens.TryHash(token, out var hash))
        {
            return null;
        }

        var now = time.GetUtcNow().UtcDateTime;
        if (await queries.FindAsync(hash, now, context.RequestAborted) is not { } row)
        {
            return null;
        }

        if (row.LastSeenAt < now - SessionRules.TouchEvery)
        {
            await queries.TouchAsync(hash, now, context.RequestAborted);
        }

        return new LiveSession(
            row.UserId, row.Email, RoleNames.Parse(row.Role), hash, FromCookie: authorization.Count == 0);
    }

    /// <summary>
    /// True while the session may still be used. Long answers ask again and again; that is no use of the session, or an
    /// open page would keep it alive.
    /// </summary>
    public async Task<bool> IsAliveAsync(byte[] hash, CancellationToken cancellation) =>
        await queries.FindAsync(hash, time.GetUtcNow().UtcDateTime, cancellation) is not null;
}
