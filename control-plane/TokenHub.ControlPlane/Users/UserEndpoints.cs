using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Users;

/// <summary>People: made, listed and changed by admins.</summary>
internal static class UserEndpoints
{
    private const string Tag = "users";

    public static void MapUsers(this RouteGroupBuilder api)
    {
        api.MapPost("/users", CreateAsync).Documented("createUser", Tag, "Make a user.", 400, 409);
        api.MapGet("/users", ListAsync).Documented("listUsers", Tag, "List users, newest first.", 400).Paged();
        api.MapGet("/users/{id}", FindAsync).Documented("getUser", Tag, "Read one user.", 404);
        api.MapPatch("/users/{id}", UpdateAsync)
            .Documented("updateUser", Tag, "Change role, status, limits or password.", 400, 404, 409, 412);
    }

    private static async Task<Created<UserView>> CreateAsync(
        JsonBody<CreateUser> body,
        Caller caller,
        Passwords passwords,
        NpgsqlDataSource database,
        ChangeNotices changes,
        CancellationToken cancellation)
    {
        var user = UserRules.Check(body.Value);
        var hash = await passwords.HashAsync(user.Password, cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var row = await UserQueries.AddAsync(transaction, user, hash, cancellation)
            ?? throw new RefusedException(ProblemCode.EmailTaken, "A user with this e-mail address exists already.");
        var view = row.ToView();
        await AuditLog.AddAsync(transaction, caller.UserId, "user.create", view.Id, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.UserChangedAsync(row.Id);
        return TypedResults.Created($"/api/v1/users/{view.Id}", view);
    }

    private static async Task<Ok<Page<UserView>>> ListAsync(
        PageRequest page, UserQueries users, CancellationToken cancellation)
    {
        var rows = await users.ListAsync(page, cancellation);
        var views = page.Cut([.. rows.Select(row => row.ToView())], view => view.Id[WireId.User.Length..]);
        return TypedResults.Ok(views);
    }

    private static async Task<Ok<UserView>> FindAsync(
        string id, HttpContext context, UserQueries users, CancellationToken cancellation)
    {
        var view = (await users.FindAsync(ParseId(id), cancellation))?.ToView() ?? throw NotFound();
        VersionTag.Set(context, view.Version);
        return TypedResults.Ok(view);
    }

    private static async Task<Ok<UserView>> UpdateAsync(
        string id,
        JsonBody<UpdateUser> body,
        HttpContext context,
        Caller caller,
        UserChange change,
        ChangeNotices changes,
        CancellationToken cancellation)
    {
        UserRules.Check(body);
        var userId = ParseId(id);
        var row = await change.ApplyAsync(userId, body, VersionTag.Expected(context), caller, cancellation);
        await changes.UserChangedAsync(userId);
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    public static long ParseId(string id) =>
        WireId.TryParse(WireId.User, id, out var number) ? number : throw NotFound();

    public static RefusedException NotFound() => RefusedException.NotFound("user");
}
