using System.Net;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>Signing in and out, and who one is.</summary>
internal static class SessionEndpoints
{
    private const string Tag = "sessions";

    public static void MapSessions(this RouteGroupBuilder api)
    {
        api.MapPost("/auth/login", LoginAsync)
            .Documented("login", Tag, "Sign in; also sets the console's cookie.", 400, 401, 403, 429);
        api.MapPost("/auth/logout", LogoutAsync).Documented("logout", Tag, "End this session.");
        api.MapGet("/me", MeAsync).Documented("getMe", Tag, "Who is signed in.");
        api.MapPost("/me/password", ChangePasswordAsync)
            .Documented("changePassword", Tag, "Change one's own password; ends other sessions.", 400, 401, 429);
    }

    private static async Task<Ok<LoginAnswer>> LoginAsync(
        JsonBody<LoginRequest> body, HttpContext context, SignIn signIn, CancellationToken cancellation)
    {
        var answer = await signIn.AttemptAsync(body.Value, ClientAddress(context), cancellation);

        // A page of another origin may be given a token (CORS_ORIGINS), but never plants a cookie here.
        if (context.Request.Headers.Origin.Count == 0 || OriginCheck.IsOwn(context.Request))
        {
            SessionCookie.Set(context, answer.Token, answer.ExpiresAt);
        }

        return TypedResults.Ok(answer);
    }

    private static async Task<NoContent> LogoutAsync(
        Caller caller, HttpContext context, SessionQueries sessions, TimeProvider time, CancellationToken cancellation)
    {
        await sessions.RevokeAsync(caller.SessionHash, time.GetUtcNow().UtcDateTime, cancellation);
        SessionCookie.Clear(context);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<UserView>> MeAsync(Caller caller, UserQueries users, CancellationToken cancellation) =>
        TypedResults.Ok((await users.FindAsync(caller.UserId, cancellation))!.ToView());

    private static async Task<NoContent> ChangePasswordAsync(
        JsonBody<PasswordChange> body,
        Caller caller,
        HttpContext context,
        SignIn signIn,
        NpgsqlDataSource database,
        TimeProvider time,
        CancellationToken cancellation)
    {
        if (PasswordRules.FaultOf(body.Value.NewPassword) is { } fault)
        {
            throw RefusedException.Field("new_password", "bad_password", fault);
        }

        var hash = await signIn.ReplaceAsync(caller.Email, body.Value, ClientAddress(context), cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await UserQueries.UpdateAsync(transaction, caller.UserId, new UpdateUser(), null, hash, cancellation);
        await SessionQueries.RevokeOthersAsync(
            transaction, caller.UserId, caller.SessionHash, time.GetUtcNow().UtcDateTime, cancellation);
        var target = WireId.Format(WireId.User, caller.UserId);
        await AuditLog.AddAsync(transaction, caller.UserId, "user.change_password", target, cancellation);
        await transaction.CommitAsync(cancellation);
        return TypedResults.NoContent();
    }

    private static IPAddress ClientAddress(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;
}
