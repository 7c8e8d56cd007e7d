using System.Runtime.CompilerServices;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Access;

/// <summary>One of each kind of caller, made once for each control plane.</summary>
internal sealed class Cast
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static ConditionalWeakTable<Plane, Cast> s_known = [];

    private readonly Plane _plane;

    private Cast(Plane plane, Person member, Person auditor, string memberKey, string secret, string memberChannel)
    {
        _plane = plane;
        Member = member;
        Auditor = auditor;
        MemberKey = memberKey;
        Secret = secret;
        MemberChannel = memberChannel;
    }

    public Person Member { get; }

    public Person Auditor { get; }

    public string MemberKey { get; }

    public string Secret { get; }

    public string MemberChannel { get; }

    public static async Task<Cast> OfAsync(Plane plane)
    {
        await Gate.WaitAsync();
        try
        {
            if (!s_known.TryGetValue(plane, out var cast))
            {
                cast = await MakeAsync(plane);
                s_known.Add(plane, cast);
            }

            return cast;
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>The next caller gets a new cast: this one's things were changed.</summary>
    public static async Task ForgetAsync(Plane plane)
    {
        await Gate.WaitAsync();
        s_known.Remove(plane);
        Gate.Release();
    }

    public Api As(string who) => who switch
    {
        "key" => _plane.With(Secret),
        "plane" => _plane.With(Plane.Token),
        "member" => Member.Api,
        "auditor" => Auditor.Api,
        "admin" => _plane.Admin,
        _ => _plane.Anyone,
    };

    public Task<Api> SecondSessionAsync(Api first) =>
        first == Member.Api ? _plane.SignInAsync(Member.Email, Member.Password)
        : first == Auditor.Api ? _plane.SignInAsync(Auditor.Email, Auditor.Password)
        : _plane.SignInAsync(Plane.AdminEmail, Plane.AdminPassword);

    public static object? BodyFor(string method, string path) => (method, path) switch
    {
        ("PATCH", _) => new { name = "renamed" },
        ("POST", var p) when p.EndsWith("/test", StringComparison.Ordinal) => new { model = "m" },
        _ => null,
    };

    private static async Task<Cast> MakeAsync(Plane plane)
    {
        var member = await plane.PersonAsync();
        var auditor = await plane.PersonAsync("auditor");
        var key = await member.Api.PostAsync("/api/v1/keys", new { name = "mine" });
        var channel = await member.Api.PostAsync("/api/v1/channels", new
        {
            name = "mine",
            provider = "openai_compatible",
            base_url = "http://127.0.0.1:9",
            credential = new { type = "api_key", api_key = "upstream-secret" },
            models = new[] { "m" },
        });
        return new Cast(plane, member, auditor, key.Text("id"), key.Text("secret"), channel.Text("id"));
    }
}
