using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Idempotency;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Wire;
using TokenHub.Ledger.Balances;

namespace TokenHub.ControlPlane.Accounts;

/// <summary>What users have, and giving them more.</summary>
internal static class WalletEndpoints
{
    private const string Tag = "wallets";

    public static void MapWallets(this RouteGroupBuilder api)
    {
        api.MapGet("/wallet", GetOwnAsync).Documented("getWallet", Tag, "The caller's balance.");
        api.MapGet("/users/{id}/wallet", GetAsync).Documented("getUserWallet", Tag, "A user's balance.", 404);
        api.MapPost("/users/{id}/credits", CreditAsync)
            .Documented("creditUser", Tag, "Give a user credit.", 400, 404, 409, 422)
            .WithHeader(IdempotencyKey.Header, "Same key and body: the first answer again, and no second posting.");
    }

    private static async Task<Ok<WalletView>> GetOwnAsync(
        Caller caller, Wallets wallets, CancellationToken cancellation) =>
        TypedResults.Ok(ToView(caller.UserId, (await wallets.ReadAsync(caller.UserId, cancellation))!));

    private static async Task<Ok<WalletView>> GetAsync(
        string id, Wallets wallets, CancellationToken cancellation)
    {
        var userId = UserEndpoints.ParseId(id);
        var wallet = await wallets.ReadAsync(userId, cancellation) ?? throw UserEndpoints.NotFound();
        return TypedResults.Ok(ToView(userId, wallet));
    }

    private static WalletView ToView(long userId, Wallet wallet) => new()
    {
        UserId = WireId.Format(WireId.User, userId),
        Balance = wallet.Balance,
        Held = wallet.Held,
        Available = wallet.Available,
        Live = wallet.IsLive,
    };

    private static async Task<Created<CreditView>> CreditAsync(
        string id,
        JsonBody<CreateCredit> body,
        Caller caller,
        HttpContext context,
        CreditPosting posting,
        CancellationToken cancellation)
    {
        var userId = UserEndpoints.ParseId(id);
        var key = IdempotencyKey.Read(context, body.Bytes);
        var (view, isReplay) = await posting.PostAsync(userId, body.Value, key, caller, cancellation);
        if (isReplay)
        {
            context.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        }

        return TypedResults.Created($"/api/v1/ledger?user_id={id}", view);
    }
}
