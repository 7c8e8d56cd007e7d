using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Options;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>A control plane in this process, on a real port, over real servers, with a database of its own.</summary>
internal sealed class Plane : IAsyncDisposable
{
    public const string AdminEmail = "root@example.com";
    public const string AdminPassword = "correct horse battery";
    public const string Token = "plane-token-for-tests";

    private readonly RunningControlPlane _running;
    private readonly HttpClient _http;
    private int _people;

    private Plane(RunningControlPlane running, ControlPlaneOptions options, string output)
    {
        _running = running;
        Options = options;
        Output = output;
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Address = new Uri(addresses.Addresses.Single());
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = Address,
        };
        Anyone = new Api(_http, token: null);
    }

    public Uri Address { get; }

    public ControlPlaneOptions Options { get; }

    /// <summary>What the start wrote on standard output.</summary>
    public string Output { get; }

    public IServiceProvider Services => _running.App.Services;

    public NpgsqlDataSource Database => _running.Backends.Database;

    public RedisClient Redis => _running.Backends.Redis;

    /// <summary>Calls without any credential.</summary>
    public Api Anyone { get; }

    public Api Admin { get; private set; } = null!;

    public HttpClient Http => _http;

    public static async Task<Plane> StartAsync(
        Servers servers,
        Func<ControlPlaneOptions, ControlPlaneOptions>? change = null,
        Action<IServiceCollection>? adjust = null,
        string? database = null)
    {
        var options = OptionsFor(servers, database ?? await servers.Postgres.CreateDatabaseAsync());
        options = change?.Invoke(options) ?? options;
        var output = new StringWriter(CultureInfo.InvariantCulture);
        var running = await ControlPlaneStart.StartAsync(
            options, output, TestContext.Current.CancellationToken, adjust);
        var plane = new Plane(running, options, output.ToString());
        if (options.AdminPassword is { } password)
        {
            plane.Admin = await plane.SignInAsync(options.AdminEmail, password);
        }

        return plane;
    }

    public static ControlPlaneOptions OptionsFor(Servers servers, string database) => new()
    {
        DatabaseConnection = servers.Postgres.ConnectionString(database),
        Redis = RedisOptions.Parse(servers.Redis.Url) with
        {
            Database = servers.RedisDatabaseOf(database), ContinuesInline = false, CallTimeout = TimeSpan.FromSeconds(5),
        },
        MasterKey = RandomNumberGenerator.GetBytes(32),
        SessionSecret = RandomNumberGenerator.GetBytes(32),
        PlaneToken = Token,
        ConsoleBind = new IPEndPoint(IPAddress.Loopback, 0),
        AdminEmail = AdminEmail,
        AdminPassword = AdminPassword,
        AllowPrivateUpstreams = true,
        AllowInsecureUpstreams = true,
        LogLevel = Microsoft.Extensions.Logging.LogLevel.Error,
    };

    public async Task<Api> SignInAsync(string email, string password)
    {
        var answer = await Anyone.PostAsync("/api/v1/auth/login", new { email, password });
        answer.Expect(HttpStatusCode.OK);
        return new Api(_http, answer.Text("token"));
    }

    /// <summary>A new user, signed in.</summary>
    public async Task<Person> PersonAsync(string role = "member")
    {
        var email = $"{role}{Interlocked.Increment(ref _people)}@example.com";
        const string Password = "some long password";
        var made = await Admin.PostAsync("/api/v1/users", new { email, password = Password, role });
        made.Expect(HttpStatusCode.Created);
        return new Person(made.Text("id"), email, Password, await SignInAsync(email, Password));
    }

    public Api With(string token) => new(_http, token);

    public async Task<NpgsqlConnection> ConnectAsync() =>
        await Database.OpenConnectionAsync(TestContext.Current.CancellationToken);

    public Task StopAsync() => _running.App.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _running.DisposeAsync();
    }
}

/// <summary>A user of a test.</summary>
internal sealed record Person(string Id, string Email, string Password, Api Api);
